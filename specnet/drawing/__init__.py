"""Pictures of networks: what there is to tell, where it goes, and one file for each format."""
