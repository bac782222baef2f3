//! A learner decides round after round against an arbitrary future, and is judged against hindsight.
