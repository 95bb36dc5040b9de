"""A zoo of signed files, good ones and one per attack, each with its expected verdict. Built anew for each run."""
