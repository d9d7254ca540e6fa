"""What a batch must be before it is let in: rules, suites, comparisons, and the judgement made of them."""
