"""The cancellation policy: rules, deadlines, costs and decisions."""
