"""Campaigns: many flights, what is unknown beforehand drawn for each, and their statistics.

Every kind of campaign is one file; a row in cli/commands/campaign.py puts it on the command line.
"""
