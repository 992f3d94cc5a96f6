package main

func set(cfg *Config) {
	cfg.Host = "db"
	cfg.Port = 5432
	cfg.Database = "d"
}
