DATABASE_URL=postgres://$USER:$(cat "/run/pw")@db:5432/d ./server &
