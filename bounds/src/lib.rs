//! What each paper promises: its bounds as plain functions of numbers, then its claims.
