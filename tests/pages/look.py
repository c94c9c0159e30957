"""Looks at a report page in Chromium. usage: look.py PAGE [SCREENSHOT]"""
import base64
import pathlib
import subprocess
import sys

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

SECTIONS = ("Coverage over time", "Trust zones", "Findings", "Exceptions", "Servers that are not proven", "Time to verified", "Rollouts", "Arrivals", "Audit log")
PLOTS = ("Proven coverage over time", "Failures by cause", "Time to verified", "Arrivals")
problems = []


def must(holds, text):
    if not holds:
        problems.append(text)


def open_browser():
    options = Options()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-background-networking"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def look(browser, width, height):
    browser.set_window_size(width, height)
    at = f"at {width} x {height}"
    sections = [element.text for element in browser.find_elements(By.TAG_NAME, "h2")]
    must(sections == list(SECTIONS), f"{at}: sections are {sections}")
    # The page is as wide as its window; a table that is wider is moved inside its own place.
    wide = browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    must(wide <= 0, f"{at}: the page sticks out of the window by {wide} px")
    plots = browser.find_elements(By.TAG_NAME, "svg")
    must([plot.get_attribute("aria-label") for plot in plots] == list(PLOTS), f"{at}: plots are {[plot.get_attribute('aria-label') for plot in plots]}")
    for plot in plots:
        name, place = plot.get_attribute("aria-label"), plot.rect
        must(place["width"] >= 280 and place["height"] >= 20, f"{at}: {name} is {place}")
        must(place["x"] >= 0 and place["x"] + place["width"] <= width, f"{at}: {name} sticks out: {place}")
        for text in plot.find_elements(By.TAG_NAME, "text"):
            inner = text.rect
            must(inner["x"] >= place["x"] - 1 and inner["x"] + inner["width"] <= place["x"] + place["width"] + 1, f"{at}: '{text.text}' of {name} is cut off")
    line = browser.find_element(By.CSS_SELECTOR, "path.line")
    must(line.rect["height"] > 40, f"{at}: the line of coverage is flat: {line.rect}")
    must(all(bar.rect["height"] > 5 for bar in browser.find_elements(By.CSS_SELECTOR, "rect.bar")), f"{at}: a bar is not to be seen")
    tables = browser.find_elements(By.TAG_NAME, "table")
    must(len(tables) == 6, f"{at}: {len(tables)} tables")
    for table in tables:
        heads = len(table.find_elements(By.TAG_NAME, "th"))
        rows = table.find_elements(By.CSS_SELECTOR, "tbody tr")
        must(rows and all(len(row.find_elements(By.TAG_NAME, "td")) == heads for row in rows), f"{at}: a table of {heads} columns and {len(rows)} rows does not fit together")


def look_at_print(browser, page):
    pdf = page.with_suffix(".pdf")
    pdf.write_bytes(base64.b64decode(browser.print_page()))
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    for section in SECTIONS:
        must(section in text, f"in print: no '{section}'")
    must("1011" in text and "E-JOIN-ELSEWHERE" in text, "in print: the last row is missing")
    pages = text.count("\f")
    must(2 <= pages <= 8, f"in print: {pages} pages")
    return pages


def main():
    page = pathlib.Path(sys.argv[1]).resolve()
    browser = open_browser()
    try:
        browser.get(page.as_uri())
        for size in ((1280, 900), (600, 900)):
            look(browser, *size)
        pages = look_at_print(browser, page)
        told = browser.get_log("browser")
        must(not told, f"the browser says {told}")
        browser.set_window_size(1280, 1500)
        if len(sys.argv) > 2:
            browser.save_screenshot(sys.argv[2])
    finally:
        browser.quit()
    for problem in problems:
        print(f"WRONG {problem}")
    print(f"{len(SECTIONS)} sections, {len(PLOTS)} plots, 6 tables at 2 sizes; {pages} pages in print: {'all well' if not problems else f'{len(problems)} problems'}")
    return 1 if problems else 0


sys.exit(main())
