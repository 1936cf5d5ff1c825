// Runs the Swift package's preprocessing on many pictures: JOBS (text), PIXELS (bytes), OUT (bytes).
import Foundation

let arguments = CommandLine.arguments
let pixels = [UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[2])))
var out = Data()
var at = 0
for line in try String(contentsOfFile: arguments[1], encoding: .utf8).split(separator: "\n") {
  let words = line.split(separator: " ")
  let numbers = words.map { Int($0) ?? 0 }
  let (width, height) = (numbers[0], numbers[1])
  let preprocess = Preprocess(storeSize: numbers[3], cropFraction: Double(words[4])!, inputSize: numbers[5])
  let picture = Array(pixels[at..<(at + width * height * 3)])
  at += width * height * 3
  out.append(contentsOf: preprocess.toInput(picture, width: width, height: height, orientation: numbers[2]))
}
try out.write(to: URL(fileURLWithPath: arguments[3]))
