"""The closed form of the CfC paper against the differential equation that it is to solve."""
