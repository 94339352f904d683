-- Of records without a day on which they were made: when they were first read.
SELECT '' AS name, completed_at AS happened_at, rows_new AS came, 0 AS went FROM ops.windows WHERE stream = $stream
