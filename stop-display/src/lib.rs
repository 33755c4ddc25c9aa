//! The panel frame protocol, the board text model and the panel client.
