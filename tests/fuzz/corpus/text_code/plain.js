// postgres://h:5432/d
const url = 'postgres://u:p@db:5432/game';
const re = /'"[/'"]/; const port = 5432;
