package main

import "github.com/jackc/pgx/v5"

var config = &pgx.ConnConfig{
	Host:     "db",
	Port:     5432,
	Database: "d",
}
var web = http.Server{Host: "db", Port: 5432}
