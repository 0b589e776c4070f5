//! What a browser is told with every answer of a public host.

/// How long it asks this host by TLS alone, in seconds: a year. Names below the host are not
/// included, for some may be somebody else's.
pub const HSTS_SECONDS: u32 = 31_536_000;
/// Pages of another host show none of ours in a frame; previews of files are frames of the same
/// host.
pub const FRAMES: &str = "SAMEORIGIN";
/// Another host is told which host the browser comes from, and not which chat.
pub const REFERRER: &str = "strict-origin-when-cross-origin";
/// What pages may ask of the device: speech, calls with pictures, and where one is; nothing else.
/// These are names that Open WebUI 0.12.4 lets pass: with another it says `none`.
pub const PERMISSIONS: &str = "accelerometer=(),camera=(self),geolocation=(self),gyroscope=(),\
                               magnetometer=(),microphone=(self),midi=(),payment=(),usb=(),\
                               xr-spatial-tracking=()";
/// What holds for any page: nobody frames it, moves its relative links or takes its forms. What it
/// loads is not said: Open WebUI's page has scripts in itself, and its previews have any.
pub const CONTENT: &str = "base-uri 'self'; form-action 'self'; frame-ancestors 'self'";
/// Windows and files of other hosts have no hold on ours.
pub const ORIGIN: &str = "same-origin";
