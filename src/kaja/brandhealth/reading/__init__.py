"""What a posterior says: the index, the causes, the fusion with a survey, the honest check."""
