"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # whitenoise ships no types
    """Also rewrites `import ... from "./x.js"` in our ES modules; a name that is not collected stays as it is."""

    support_js_module_import_aggregation = True
    manifest_strict = False
