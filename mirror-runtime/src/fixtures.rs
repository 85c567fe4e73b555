//! Fixtures: mismatches as files, of which tests are made. There is nothing in this module but their description.
