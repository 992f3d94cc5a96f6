DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': 'd',
        'HOST': '127.0.0.1',
        'PORT': '5432',
    },
    'cache': {'ENGINE': 'django.db.backends.mysql', 'HOST': 'db', 'PORT': '5432', 'NAME': 'd'},
}
