def connect(host: str = "db", port: int = 5432): pass
cfg.host, cfg.port = "db", 5432
cfg.db = "d"
