//! Registers the devices of a run, before its server starts.

use crate::batches::Device;
use crate::database::Scratch;
use server::demo::client::DeviceKey;
use server::ingest::enroll;
use server::ingest::seal::ServerKey;
use store::{Access, Db};
use tracking::check::VehicleClass;

/// Registers `count` buses with a key each; the server key lies in the scratch folder.
pub(crate) async fn register(scratch: &Scratch, count: usize) -> anyhow::Result<Vec<Device>> {
    let server_key = ServerKey::open(&scratch.folder().join("server.key"))?;
    let db = Db::open(&scratch.url(), Access::Serve).await?;
    let by = enroll::local_actor(server::clock::Clock::system().now(), "load");
    let mut devices = Vec::with_capacity(count);
    for at in 0..count {
        let id = format!("load-{at:04}");
        db.device_put(&store::Device::new(&id, &format!("L{at:04}"), VehicleClass::Bus), &by).await?;
        let key = enroll::add_key(&db, &server_key, &id, &by).await?;
        devices.push(Device::new(DeviceKey { key_id: key.key_id, secret: key.secret.to_vec() }));
    }
    db.close().await;
    Ok(devices)
}
