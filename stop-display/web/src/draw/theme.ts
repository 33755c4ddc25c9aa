// Day or night: by configuration, else by the sun at the stop.

/** Civil twilight: the sun 6 degrees below the horizon; the night theme starts a little before, at 3. */
const NIGHT_BELOW_DEG = -3;
const RAD = Math.PI / 180;

export function theme(wanted: string | undefined, now: number, lat: number, lon: number): "day" | "night" {
  if (wanted === "day" || wanted === "night") return wanted;
  return sunAltitudeDeg(now, lat, lon) < NIGHT_BELOW_DEG ? "night" : "day";
}

/** Altitude of the sun (Astronomical Almanac, low precision formulas: better than 0.1 degree). */
export function sunAltitudeDeg(now: number, lat: number, lon: number): number {
  const days = now / 86400 - 10957.5;
  const mean = (280.46 + 0.9856474 * days) % 360;
  const anomaly = (357.528 + 0.9856003 * days) * RAD;
  const ecliptic = (mean + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RAD;
  const tilt = 23.439 * RAD;
  const declination = Math.asin(Math.sin(tilt) * Math.sin(ecliptic));
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(ecliptic), Math.cos(ecliptic));
  const sidereal = (280.46062 + 360.98564737 * days + lon) * RAD;
  const hour = sidereal - ascension;
  const up = Math.sin(lat * RAD) * Math.sin(declination) + Math.cos(lat * RAD) * Math.cos(declination) * Math.cos(hour);
  return Math.asin(up) / RAD;
}
