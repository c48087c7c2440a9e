// ModelExchange
