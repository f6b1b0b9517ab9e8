"""What a browser or a host platform is given: pages, the widget, e-mails, theme extensions and plugins. No logic."""
