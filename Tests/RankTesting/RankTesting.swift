// RankTesting
