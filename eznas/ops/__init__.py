"""Operations and programs: the vocabulary of proxies, and the machine that runs them."""
