DSN="postgresql://db/game"
