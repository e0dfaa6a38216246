# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of `danesmtp report` on the logs of many_deliveries.py: its numbers beside those that were counted in
another way, and what a browser shows of it, wide and narrow. scripts/report-page says how:

    page_check.py TOOL FOLDER

Status 1 if a number differs.
"""
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageChops
from page_numbers import by_awk, by_queue, by_receivers, differences, on_page

WIDTHS = {"wide": 1100, "narrow": 390}
COLOURS = 160
MARGIN = 12  # below what is shown


def make_page(tool, folder, logs):
    html = subprocess.run([tool, "report", "--html", "--top", "50", *logs], check=True, capture_output=True, text=True).stdout
    (folder / "report.html").write_text(html, encoding="utf-8")
    return html


def photograph(folder, name, width):
    picture = folder / f"report-{name}.png"
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                    f"--user-data-dir={folder}/browser", f"--window-size={width},6000", f"--screenshot={picture}",
                    f"file://{folder}/report.html"], check=True, capture_output=True, timeout=300)
    cropped(Image.open(picture).convert("RGB")).quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)
    return picture


def cropped(image):
    """Without what is below the page."""
    paper = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    bottom = ImageChops.difference(image, paper).getbbox()[3]
    return image.crop((0, 0, image.width, min(image.height, bottom + MARGIN)))


def main():
    tool, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    logs = sorted(folder.glob("mainlog*"))
    page = on_page(make_page(tool, folder, logs))
    others = {"awk": by_awk(logs), "the receivers": by_receivers((folder / "receivers").read_text(encoding="utf-8")),
              "the queue": by_queue((folder / "queue").read_text(encoding="utf-8").split())}
    wrong = []
    for name, counted in others.items():
        differ = differences(page, counted, name)
        print(f"{name}: {len(counted)} numbers, {len(differ)} differ")
        wrong += differ
    print(*(f"{' '.join(key)}: {page[key]}" for key in page if key[0] == "all"), sep="\n")
    for name, width in WIDTHS.items():
        picture = photograph(folder, name, width)
        print(f"{picture}: {picture.stat().st_size} octets")
    print(*(f"WRONG: {line}" for line in wrong), sep="\n", end="")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
