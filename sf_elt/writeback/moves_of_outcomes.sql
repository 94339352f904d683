SELECT status AS name, logged_at AS happened_at, 1 AS came, 0 AS went FROM writeback.sync_log WHERE export = $export
