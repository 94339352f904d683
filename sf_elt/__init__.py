"""Salesforce in, unified profiles and audiences, Salesforce out."""
