//! Drawing: reads the state, changes nothing.
