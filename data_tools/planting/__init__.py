"""The planter: defects put into text on purpose, each with a label, so that every stage can be graded."""
