/** Columns of a line (RFC 3676 §4.2: 78 at most). */
const WIDTH = 72

/** Where a line may end: behind a space, but not one that joins (U+00A0, U+202F), and between any two characters of scripts that are written without. */
const PIECES =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}][\p{P}ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ]*|[^ \t\r\n\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]+|[ \t\r\n]+/gu

/**
 * A paragraph in lines of which all but the last end with a space: a reader may put them together again (format=flowed, DelSp=yes,
 * RFC 3676). What holds no place to end a line, like a link, stays whole.
 */
export function flowed(paragraph: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const [piece] of paragraph.trim().matchAll(PIECES)) {
    if (/^[ \t\r\n]/.test(piece)) {
      line += ' '
      continue
    }
    if (line !== '' && widthOf(line) + widthOf(piece) > WIDTH) {
      lines.push(`${line} `)
      line = ''
    }
    line += piece
  }
  lines.push(line)
  return lines.map(stuffed)
}

/** A line as it is, however long, which no other is put together with. */
export const fixed = (line: string): string => stuffed(line.trimEnd())

/** RFC 3676 §4.4 */
const stuffed = (line: string): string => (/^(?: |>|From )/.test(line) ? ` ${line}` : line)

/** Han and kana take two columns. */
const widthOf = (text: string): number =>
  [...text].reduce(
    (sum, character) => sum + (/[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u.test(character) ? 2 : 1),
    0,
  )
