"""The fit of one huge tenant on a Spark cluster, with the same interactions in and the same factors out."""
