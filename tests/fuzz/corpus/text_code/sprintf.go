s := fmt.Sprintf("host=%s port=5432 user=%s dbname=%s", h, u, d)
