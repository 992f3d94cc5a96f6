package main
// postgres://h:5432/d
const dsn = "postgres://u:p@db:5432/game?sslmode=disable"
var r = '"'
