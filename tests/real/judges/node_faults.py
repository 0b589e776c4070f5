def plant(ctx): pass
