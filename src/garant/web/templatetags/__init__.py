"""Template tags of the web area; other areas' templates use them too (`{% load garant %}`)."""
