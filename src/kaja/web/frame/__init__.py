"""The frame around every page: navigation, palette, the living page of components, error pages."""
