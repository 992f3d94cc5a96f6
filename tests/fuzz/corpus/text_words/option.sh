./server --dsn=postgres://db/d; echo done
