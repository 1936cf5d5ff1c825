// Runs the Android project's preprocessing on many pictures: JOBS (text), PIXELS (bytes), OUT (bytes).
// A line of JOBS: width height orientation storeSize cropFraction inputSize; pixels are RGB, one picture behind another.
package jobs

import PACKAGE.Preprocess
import java.io.File

fun main(arguments: Array<String>) {
    val pixels = File(arguments[1]).readBytes()
    var at = 0
    File(arguments[2]).outputStream().buffered().use { out ->
        File(arguments[0]).forEachLine { line ->
            val words = line.split(" ")
            val (width, height, orientation) = words.take(3).map { it.toInt() }
            val preprocess = Preprocess(words[3].toInt(), words[4].toDouble(), words[5].toInt())
            val argb = IntArray(width * height) {
                val from = at + it * 3
                val channel = { number: Int -> pixels[from + number].toInt() and 0xFF }
                (0xFF shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
            }
            at += width * height * 3
            out.write(preprocess.toInput(argb, width, height, orientation))
        }
    }
}
