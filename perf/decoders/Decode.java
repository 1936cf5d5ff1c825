// Decodes pictures as Java does: LIST (a file name a line), OUT. For each: width, height (int), then RGB row by row; a
// picture that ImageIO cannot read has width 0.
import java.awt.image.BufferedImage;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

class Decode {
  public static void main(String[] arguments) throws IOException {
    try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[1]))))) {
      for (String name : Files.readAllLines(Path.of(arguments[0]))) write(read(name), out);
    }
  }

  private static BufferedImage read(String name) {
    try {
      return ImageIO.read(new File(name));
    } catch (IOException error) {
      return null;
    }
  }

  private static void write(BufferedImage image, DataOutputStream out) throws IOException {
    out.writeInt(image == null ? 0 : image.getWidth());
    out.writeInt(image == null ? 0 : image.getHeight());
    if (image == null) return;
    for (int pixel : image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth())) {
      out.write(pixel >> 16);
      out.write(pixel >> 8);
      out.write(pixel);
    }
  }
}
