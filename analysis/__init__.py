"""What is measured outside training: calibration to recorded flow, rules, evaluation."""
