print("odn")
