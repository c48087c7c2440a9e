// DistributedTraining
