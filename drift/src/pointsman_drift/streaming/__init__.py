"""Changes in values that arrive one after another, with state kept between runs."""
