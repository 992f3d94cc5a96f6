cat >x.env <<'EOF'
don't: DSN="host=db port=5432"
EOF
port="5432"
host=db
