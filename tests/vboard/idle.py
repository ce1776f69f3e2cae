"""The head of a program that lives on and does nothing."""

IDLE = "import asyncio\n\nasync def main():\n    while True:\n        await asyncio.sleep(1)\n\n"
