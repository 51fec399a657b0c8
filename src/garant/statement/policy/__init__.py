"""Rules of the statement area, without input or output: documents, binding, intervals."""
