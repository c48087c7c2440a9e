// How activations and gradients are handed from layer to layer without being stored twice.

/// A factor and a summand for each channel.
public struct ChannelAffine {
  /// C factors.
  public var scale: FloatView
  /// C summands.
  public var shift: FloatView

  /// `x · scale + shift`, C floats each.
  public init(scale: FloatView, shift: FloatView) {
    self.scale = scale
    self.shift = shift
  }
}

/// Activations `[N, H, W, C]` as a layer reads them: `values` as they are, or `relu(values · scale + shift)`, computed
/// wherever they are read.
public struct Activation {
  /// What is stored, `[N, H, W, C]`.
  public var values: FloatView
  /// The normalization that comes before the ReLU; nil where `values` are the activations themselves.
  public var normalization: ChannelAffine?

  /// Stored activations, or those that follow from `values` by a normalization and a ReLU.
  public init(_ values: FloatView, normalization: ChannelAffine? = nil) {
    self.values = values
    self.normalization = normalization
  }
}

/// The gradient `[N, H, W, C]` in front of a batch norm, as a convolution reads it: `scale · gradient + slope · output +
/// shift`, from the gradient behind the batch norm and from the convolution's own output.
public struct NormalizedGradient {
  /// The gradient behind the batch norm.
  public var gradient: FloatView
  /// What the batch norm read.
  public var output: FloatView
  /// C factors of `gradient`.
  public var scale: FloatView
  /// C factors of `output`.
  public var slope: FloatView
  /// C summands.
  public var shift: FloatView

  /// The gradient from its two parts, `[N, H, W, C]`, and C coefficients each.
  public init(gradient: FloatView, output: FloatView, scale: FloatView, slope: FloatView, shift: FloatView) {
    self.gradient = gradient
    self.output = output
    self.scale = scale
    self.slope = slope
    self.shift = shift
  }
}

/// What a convolution makes of its sums before it stores them, when nothing is trained: `relu(sum + shift + residual)`.
public struct InferenceFinish {
  /// K summands.
  public var shift: FloatView
  /// Activations `[N, H', W', K]` to be added; the output may take their place.
  public var residual: FloatView?
  /// Whether a ReLU follows.
  public var relu: Bool

  /// A summand per channel, and what follows it.
  public init(shift: FloatView, residual: FloatView? = nil, relu: Bool) {
    self.shift = shift
    self.residual = residual
    self.relu = relu
  }
}

/// Where a convolution puts the gradient in its input, and what becomes of it there.
public struct InputGradient {
  /// `[N, H, W, C]`.
  public var values: FloatView
  /// Whether it is added to what `values` holds.
  public var accumulate: Bool
  /// What is done with the complete gradient of each image while it is in cache.
  public var finish: GradientFinish?

  /// The gradient set, or added to `values`.
  public init(_ values: FloatView, accumulate: Bool = false, finish: GradientFinish? = nil) {
    self.values = values
    self.accumulate = accumulate
    self.finish = finish
  }
}

/// The way of a gradient through a ReLU to a batch norm: it is zeroed where the ReLU was, and summed.
public struct GradientFinish {
  /// The result of the ReLU; the gradient is zeroed where it is not positive. Nil leaves the gradient as it is.
  public var activation: Activation?
  /// What the batch norm read, `[N, H, W, C]`.
  public var input: FloatView
  /// Receives Σg and, after these C, Σg·x of each channel, x being `input`.
  public var sums: BufferView<Double>

  /// A mask, a batch norm's input, and a place for 2·C sums.
  public init(activation: Activation?, input: FloatView, sums: BufferView<Double>) {
    self.activation = activation
    self.input = input
    self.sums = sums
  }
}
