"""What Bluesky takes. [L] app.bsky lexicons of 2026-08-20; [A] what the official app does, not a contract."""

from kaja.networks.kit.image_rules import ImageRules

NETWORK = "Bluesky"

MAX_GRAPHEMES = 300  # [L] app.bsky.feed.post text.maxGraphemes
MAX_BYTES = 3000  # [L] app.bsky.feed.post text.maxLength, UTF-8
MAX_TAG_GRAPHEMES = 64  # [L] app.bsky.richtext.facet#tag
MAX_VIDEO_BYTES = 300_000_000  # [L] app.bsky.embed.video; a PDS may take less: describeServer.blobUploadLimit
ADVISED_VIDEO_SECONDS = 180  # [A] longer ones are refused by the app's own video service
MAX_ALT_GRAPHEMES = 2000  # [A] the app's own bound; the lexicon has none

# [L] says 2,000,000 bytes since 2026-06, formerly 1,000,000, and still 1,000,000 for the picture of a link card:
# servers that have not followed refuse more, and a picture of 2000 pixels looks the same within 1 MB.
IMAGES = ImageRules(max_bytes=1_000_000, mimes=("image/jpeg", "image/png", "image/webp"), max_side=2000)

APP = "https://bsky.app"
ENTRYWAY = "https://bsky.social"  # signs in everybody whom Bluesky itself hosts
RESOLVER = "https://public.api.bsky.app"  # resolves handles without signing in
DIRECTORY = "https://plc.directory"  # did:plc documents
CDN = "https://cdn.bsky.app"
