D = 'host=db password=\'it\\\'s\' port=\x35432'
